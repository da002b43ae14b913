/** Whether what a new object grants depends on the project it is made in. */
import type { Facts } from '../../model/facts.ts';
import type { Grant, Origin } from '../../model/schema.ts';
import { overviewOf } from './versions.ts';

/** From this day on, new projects grant new objects of `public` to nobody (changelog 45329). */
const newProjectsSince = '20260530';

/**
 * True where all of these grants are the platform's defaults, on an object of `public` made between the day new projects
 * lost them and the day all do: the SQL does not tell which of the two the project is, and its configuration doesn't
 * either.
 */
export function dependsOnProject(
  schema: string,
  grants: readonly Grant[],
  origin: Origin,
  { project, history }: Facts,
): boolean {
  if (schema !== 'public' || project.autoExposeNewTables !== null || origin === null) return false;
  const version = overviewOf(history).byPath.get(origin.file)?.version ?? '';
  return version >= newProjectsSince && grants.every((grant) => grant.origin === null);
}

/** Opens the sentence that says what such grants give. */
export const whereExposed = 'Where the project exposes new tables by default, ';
