/** Whether what a new object grants depends on the project it is made in. */
import type { Facts } from '../../../model/facts.ts';
import type { Privilege, Table, View } from '../../../model/schema.ts';
import type { FileContext } from '../../rule.ts';
import { apiRoles, commands, holds } from '../callers/roles.ts';
import { overviewOf, startsWithDay } from '../files/versions.ts';

/** From this day on, new projects grant new objects of `public` to nobody (changelog 45329). */
const newProjectsSince = '20260530';

/**
 * Opens the sentence about what the privileges on an object give. Empty where that is certain; else all of them are the
 * platform's defaults, and the object is made between the day new projects lost those and the day all do: neither the SQL
 * nor the configuration tells which of the two the project is.
 */
export function opening(
  { schema, grants, origin }: Pick<Table | View, 'schema' | 'grants' | 'origin'>,
  privileges: readonly Privilege[],
  { project, history }: Facts,
): string {
  if (schema !== 'public' || project.autoExposeNewTables !== null || origin === null) return '';
  const version = overviewOf(history).byPath.get(origin.file)?.version ?? '';
  // A number says no day: the template of config.toml then tells that the project was made in those days.
  const isUncertain =
    (startsWithDay(version) ? version >= newProjectsSince : project.namesAutoExpose) &&
    grants.every((grant) => grant.origin === null || !privileges.includes(grant.privilege));
  return isUncertain ? 'Where the project exposes new tables by default, ' : '';
}

/** Half a sentence on what "nobody holds a privilege" rests on, where no setting but the file's date says it. */
export function assumed(
  { schema, origin }: Pick<Table, 'schema' | 'origin'>,
  { eraByDate, eraOf, history }: Facts,
): string {
  const version = origin === null ? undefined : overviewOf(history).byPath.get(origin.file)?.version;
  if (schema !== 'public' || !eraByDate || version === undefined || eraOf(version) !== 'explicit') return '';
  return ' (by the date of its file, new tables are granted to nobody: "grants-era" is auto)';
}

/** What a view in the old one's place needs where nothing new is granted by default. */
export function grantedAgain(key: string, { facts, changed, set }: FileContext): readonly string[] {
  const old = set.before.tables.get(key) ?? set.before.views.get(key);
  if (old === undefined || facts.eraOf(changed.migration.version) !== 'explicit') return [];
  return [...apiRoles, 'service_role'].flatMap((role) => {
    const held = commands.filter((command) => holds(old.grants, role, command));
    return held.length === 0 ? [] : [`grant ${held.join(', ')} on ${key} to ${role};`];
  });
}
