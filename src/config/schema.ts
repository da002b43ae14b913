/** The one schema of the configuration file, flags and inputs. */
import { z } from 'zod';
import { defaults } from './defaults.ts';

const level = z.enum(['error', 'warning', 'info', 'off']);
const ruleName = z
  .string()
  .regex(/^[a-z0-9-]+\/([a-z0-9-]+|\*)$/, 'a rule id such as "rls/disabled", or "rls/*"');

const ruleEntry = z.union([
  level,
  z.looseObject({ level: level.optional() }).describe("A level and the rule's own options."),
]);

const scope = z
  .strictObject({
    match: z.string().min(1).describe('A path or object pattern; * within a part, ** across.'),
    rules: z.record(ruleName, level),
    reason: z.string().min(1).describe('Why. It is shown wherever this suppresses something.'),
  })
  .describe('Other levels for some files or some objects.');

const principal = z.enum(['anon', 'user', 'user-anonymous', 'service_role']);
export const principalNames: readonly string[] = principal.options;
const access = z.union([
  z.enum(['none', 'own', 'all', 'conditional']),
  z
    .strictObject({ conditional: z.array(z.string()).min(1) })
    .describe(
      'Rows of others under these conditions and no others, as "migration-guard access" spells them.',
    ),
]);
const commands = z.strictObject({
  select: access.optional(),
  insert: access.optional(),
  update: access.optional(),
  delete: access.optional(),
  execute: access.optional(),
});
export const commandNames: readonly string[] = Object.keys(commands.shape);

export const configSchema = z.strictObject({
  preset: z
    .enum(['recommended', 'strict'])
    .default(defaults.preset)
    .describe('Which severities rules start from.'),
  'fail-on': z
    .enum(['error', 'warning', 'never'])
    .default(defaults['fail-on'])
    .describe('New findings at or above this fail the check.'),
  require: z
    .array(z.enum(['checked']))
    .default([])
    .describe('"checked": what could not be checked fails too.'),
  rules: z.record(ruleName, ruleEntry).default({}).describe('Levels and options by rule id.'),
  paths: z.array(scope).default([]),
  objects: z.array(scope).default([]),
  baseline: z
    .string()
    .nullable()
    .default(defaults.baseline)
    .describe('A dump of the schema, laid down before the first migration; relative to the project.'),
  'grants-era': z
    .enum(['automatic', 'explicit', 'auto'])
    .default(defaults['grants-era'])
    .describe('Whether new objects in "public" are granted to the API roles by default.'),
  access: z
    .record(z.string(), z.partialRecord(principal, commands))
    .default({})
    .describe('Expected access by object and principal; checked exactly, both ways.'),
  rollback: z
    .strictObject({
      folders: z
        .array(z.string())
        .default(defaults.rollback.folders)
        .describe('Folders beside the migrations that hold companions.'),
      prove: z.boolean().default(defaults.rollback.prove).describe('Run the way back.'),
    })
    .prefault({}),
  engine: z
    .strictObject({
      kind: z
        .enum(['embedded', 'server', 'none'])
        .default(defaults.engine.kind)
        .describe('"none": read the SQL only.'),
      'statement-limit': z
        .number()
        .positive()
        .max(600)
        .default(defaults.engine['statement-limit'])
        .describe('Seconds after which one statement is given up.'),
      probes: z
        .boolean()
        .default(defaults.engine.probes)
        .describe('Act as the API roles and see who reaches which rows.'),
      rows: z
        .boolean()
        .default(defaults.engine.rows)
        .describe('Run the changed migrations on tables with rows, too.'),
      tests: z.boolean().default(defaults.engine.tests).describe("Run the project's own pgTAP tests."),
      'allow-used-server': z
        .boolean()
        .default(defaults.engine['allow-used-server'])
        .describe('Run on a server that holds other databases with user tables.'),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
