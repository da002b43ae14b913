/** Leaks that are a warning: by what the project says elsewhere they are meant, or harm nobody much. */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import { looksAtCaller } from '../callers/caller.ts';
import { opensTo } from '../conditions/truth.ts';
import { isEnteredByOthers } from './entered-people.ts';
import { untilFirst } from './first-come.ts';
import { isOutOfReach } from './footing.ts';
import { isEntry, isGuestsName, isNotice, isUnreadMaker, isUnreadName } from './forged-names.ts';
import { isCatalogue } from './granted.ts';
import { areOfNobody, type LeakGroup } from './leak.ts';
import { isAboutOpenParent, isHandedOnByParent, isUnderAskedParent } from './open-parents.ts';
import { isSaidForAll } from './said-for-all.ts';
import { isInsertSaidForVisitors } from './said-for-visitors.ts';
import { isSharedByStaff } from './shared-by-staff.ts';
import {
  areAllTrusted,
  isOfOnesGroup,
  isSharedByUsers,
  isSharedList,
  isSharedWork,
  isUsersWork,
} from './shared-work.ts';

export const isMild = (group: LeakGroup, facts: Facts) =>
  isSharedByUsers(group, facts) ||
  isGuestsName(group, facts.head) ||
  areAllTrusted(group, facts.head) ||
  isUnreadName(group, facts) ||
  isUnreadMaker(group, facts) ||
  isUnderAskedParent(group, facts.head) ||
  isAboutOpenParent(group, facts.head) ||
  isEntry(group, facts) ||
  isEnteredByOthers(group, facts) ||
  isNotice(group, facts.head) ||
  isSharedList(group, facts.head) ||
  isOfOnesGroup(group, facts.head) ||
  isReadByItsState(group) ||
  isByFooting(group, facts) ||
  isShownByItsState(group, facts.head) ||
  isHandedOnByParent(group, facts.head) ||
  isUpload(group) ||
  isUsersWork(group, facts.head) ||
  isSaidForAll(group, facts) ||
  isInsertSaidForVisitors(group, facts) ||
  untilFirst(group, facts) !== null ||
  isSharedWork(group, facts.head) ||
  isSharedByStaff(group, facts) ||
  isCatalogue(group, facts.head) ||
  areOfNobody(group);

/** Who does it stands where nobody comes to stand by itself, or where sign-up puts everybody, as its own words have it. */
const isByFooting = ({ leaks }: LeakGroup, facts: Facts) =>
  leaks.every(({ cell: { footing } }) => footing?.given === 'sign-up') ||
  leaks.every(({ cell: { footing } }) => isOutOfReach(footing, facts));

/** Other rows of the same owner stay closed: what such a row says of itself opens it, to all users. */
const isReadByItsState = ({ leaks }: LeakGroup) =>
  leaks.every(({ command, cell }) => command === 'select' && cell.state !== undefined);

/** The policy does not look at who asks, and shows one row of somebody else and not another: what the row says of itself decides. */
const isShownByItsState = ({ object, leaks, opener }: LeakGroup, state: SchemaState) =>
  opener !== null &&
  opener !== 'off' &&
  !looksAtCaller(opener.using?.node, state) &&
  opensTo(opener.using?.node ?? null) === null &&
  leaks.every(
    ({ command, principal }) =>
      command === 'select' &&
      object.cells.some(
        (cell) =>
          cell.principal === principal &&
          cell.command === 'select' &&
          cell.subject === 'unowned' &&
          cell.outcome === 'filtered',
      ),
  );

/** A new file in a bucket whose files are out of reach otherwise: it takes a name, and no file of anybody's. */
const isUpload = ({ object, leaks }: LeakGroup) =>
  object.kind === 'bucket' && leaks.every(({ command }) => command === 'insert');
