/** Inserts whose author wrote down that they are for whoever comes by: "anyone can create a record", "public tracking table". */
import type { Facts } from '../../../model/facts.ts';
import type { SchemaState } from '../../../model/schema.ts';
import { isPersonTable } from '../owners/owners.ts';
import { commentAbove } from '../words/comment-above.ts';
import { isForAllByName } from '../words/public-words.ts';
import type { LeakGroup } from './leak.ts';

/**
 * The comment above the policy says so, and a row is inserted and nothing else: that others' rows are changed or deleted,
 * or that a row may bear the name of somebody with an account, is not said with it.
 */
export const isInsertSaidForVisitors = ({ object, leaks, opener }: LeakGroup, facts: Facts): boolean =>
  opener !== null &&
  opener !== 'off' &&
  leaks.every(
    ({ command, cell }) =>
      command === 'insert' &&
      !cell.columns.some((column) => namesAnAccount(column, object.object, facts.head)),
  ) &&
  saysVisitorsInsert(commentAbove(opener.origin, facts));

const namesAnAccount = (column: string, key: string, state: SchemaState) =>
  state.tables
    .get(key)
    ?.foreignKeys.some(
      ({ columns, references }) => columns.includes(column) && isPersonTable(references, state),
    ) === true;

/** One of its clauses names everybody and what inserts; what limits it, or says what shall not be, is no such clause. */
const saysVisitorsInsert = (said: string): boolean =>
  said
    .split(/[.;,()]|\s[-–—]\s|\b(?:but|while|whereas)\b/)
    .some((clause) => isForAllByName(clause) && inserting.test(clause) && !limiting.test(clause));

const inserting =
  /\b(insert\w*|creat(e|es|ing|ion)|add(s|ing)?|submi\w+|posts?|posting|sends?|sending|writes?|writing|regist\w+|sign(s|ing)?[ -]?up|track(s|ing)?|logs?|logging|record(s|ing)?|reports?|contact( us)?|inserir|criar|enviar|registrar|insertar|crear)\b/i;
const limiting =
  /\b(not|no|never|only|own|their|admins?|owners?|service|server|system|authenticated|signed|logged|todo|fixme|temporar\w+|for now|testing|tests?|debug\w*|dev(elopment)?|insecure|unsafe|dangerous|should|prevent\w*|block\w*|den(y|ies|ied)|read\w*|view\w*|select\w*)\b/i;
