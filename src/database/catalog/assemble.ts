/** From the catalog's rows to objects: identity, definition, the SQL that makes and drops each, and what it needs. */
import type { Snapshot } from '../../model/catalog.ts';
import { type CatalogRows, finish, openAssembly } from './assemble/assembly.ts';
import { comments, securityLabels } from './assemble/comments.ts';
import { constraints, indexes, statistics } from './assemble/constraints.ts';
import { defaultPrivileges } from './assemble/default-privileges.ts';
import { eventTriggers } from './assemble/event-triggers.ts';
import { foreignDataWrappers, servers, userMappings } from './assemble/foreign.ts';
import { policies, rules, triggers } from './assemble/on-tables.ts';
import { casts, collations, conversions, operators } from './assemble/operators.ts';
import { others } from './assemble/others.ts';
import { publications } from './assemble/publications.ts';
import { relations } from './assemble/relations.ts';
import { roles } from './assemble/roles.ts';
import { routines } from './assemble/routines.ts';
import { buckets, cronJobs, queues } from './assemble/rows.ts';
import { extensions, schemas } from './assemble/schemas.ts';
import { sequences } from './assemble/sequences.ts';
import { textSearchConfigurations, textSearchDictionaries } from './assemble/text-search.ts';
import { rowTypes, types } from './assemble/types.ts';

/** In this order: each looks up what the ones before it put in. */
const kinds = [
  roles,
  schemas,
  extensions,
  types,
  routines,
  foreignDataWrappers,
  servers,
  userMappings,
  queues,
  relations,
  rowTypes,
  sequences,
  constraints,
  indexes,
  statistics,
  policies,
  triggers,
  rules,
  publications,
  eventTriggers,
  defaultPrivileges,
  textSearchDictionaries,
  textSearchConfigurations,
  operators,
  casts,
  collations,
  conversions,
  others,
  buckets,
  cronJobs,
  comments,
  securityLabels,
];

export function assemble(rows: CatalogRows): Snapshot {
  const into = openAssembly(rows);
  for (const kind of kinds) kind(into);
  return finish(into);
}
