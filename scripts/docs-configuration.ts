/** Pages made from the schemas: docs/configuration.md, docs/config.schema.json, docs/report.schema.json. */
import { z } from 'zod';
import { configSchema } from '../src/config/schema.ts';
import { reportJsonSchema } from '../src/report/schema.ts';
import { rules } from '../src/rules/index.ts';
import type { Rule } from '../src/rules/rule.ts';

export interface Page {
  readonly path: string;
  readonly text: string;
}

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly propertyNames?: JsonSchema | undefined;
  readonly additionalProperties?: JsonSchema | boolean;
}

function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as { properties: Record<string, JsonSchema> };
  const { rules: byId, paths, objects } = schema.properties;
  return {
    title: 'supabase/migration-guard.yml',
    ...schema,
    $defs: {
      level: levels,
      byRule: { type: 'object', ...closed, properties: ruleEntries(() => level) },
    },
    properties: {
      ...schema.properties,
      rules: { ...byId, ...closed, properties: ruleEntries(ruleEntry) },
      paths: withRules(paths!),
      objects: withRules(objects!),
    },
  };
}

const levels = { enum: ['error', 'warning', 'info', 'off'] };
const level = { $ref: '#/$defs/level' };

/** An editor lists all ids there are, and marks any other. */
const closed = { propertyNames: undefined, additionalProperties: false };

function ruleEntries(entry: (rule: Rule | null) => JsonSchema): Record<string, JsonSchema> {
  const sorted = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1));
  const categories = [...new Set(sorted.map(({ id }) => id.slice(0, id.indexOf('/'))))];
  return Object.fromEntries([
    ...sorted.map((rule) => [rule.id, { description: rule.summary, ...entry(rule) }] as const),
    ...categories.map(
      (category) =>
        [`${category}/*`, { description: `Every rule of "${category}".`, ...entry(null) }] as const,
    ),
  ]);
}

/** A level, or a level with the options the rule has; a category has none. */
function ruleEntry(rule: Rule | null): JsonSchema {
  const options = Object.entries(rule?.options ?? {}).map(
    ([name, value]) => [name, { type: typeOf(value), default: value }] as const,
  );
  return {
    anyOf: [
      level,
      {
        type: 'object',
        properties: { level, ...Object.fromEntries(options) },
        additionalProperties: false,
      },
    ],
  };
}

const typeOf = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value);

/** `paths` and `objects`: levels only. */
function withRules(list: JsonSchema): JsonSchema {
  const { items } = list;
  return {
    ...list,
    items: {
      ...items,
      properties: { ...items!.properties, rules: { $ref: '#/$defs/byRule' } },
    },
  };
}

export function configurationPages(): readonly Page[] {
  const json = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`;
  return [
    { path: 'docs/config.schema.json', text: json(configJsonSchema()) },
    { path: 'docs/report.schema.json', text: json(reportJsonSchema()) },
    { path: 'docs/configuration.md', text: configurationPage(configJsonSchema() as JsonSchema) },
  ];
}

function configurationPage(schema: JsonSchema): string {
  const rows = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [
    row(key, value),
    ...Object.entries(value.properties ?? {}).map(([inner, entry]) => row(`${key}.${inner}`, entry)),
  ]);
  return `# Configuration

\`supabase/migration-guard.yml\`. Every key has a default; an unknown one is an error that names the nearest, and so is an unknown rule or an option that a rule does not have. A flag or an
action input goes before the file, the file before the preset. On \`pull_request\` and \`merge_group\` the file is read
**from the base**: a pull request can't switch its own gate off.

For completion in an editor, put this on top:

\`\`\`yaml
# yaml-language-server: $schema=https://raw.githubusercontent.com/supabase-migration-guard/supabase-migration-guard/main/docs/config.schema.json
\`\`\`

| key | values | default | |
|---|---|---|---|
${rows.join('\n')}

## Rules

\`\`\`yaml
rules:
  structure/table-comment: warning      # a level: error, warning, info, off
  types/*: off                          # a whole category
  structure/object-name:                # a level and the rule's own options
    level: warning
    index: '^ix_{table}_.+'
paths:
  - match: supabase/migrations/2025*
    rules: { structure/*: off }
    reason: written before the house rules
objects:
  - match: public.legacy_*
    rules: { rls/disabled: off }
    reason: read-only copy of the old system
\`\`\`

A level is \`error\`, \`warning\`, \`info\` or \`off\`. Which options a rule has stands on [its page](rules/README.md).

## In a migration

\`\`\`sql
-- guard-ignore safety/drop-column: unused since March, see #123
alter table public.invoices drop column old_number;
\`\`\`

\`-- guard-ignore-file <rule>: reason\` covers the whole file. Without a reason the suppression is void, and one that
suppresses nothing is reported. What is suppressed stays in the report.

## Expected access

What a table is *meant* to be for can't be read from SQL. Declare it, and it is checked exactly, both ways:

\`\`\`yaml
access:
  public.invoices:
    anon: { select: none, insert: none, update: none, delete: none }
    user: { select: own, insert: own, update: own, delete: none }
\`\`\`

| value | the principal reaches | in the matrix |
|---|---|---|
| \`none\` | no row | \`-\` |
| \`own\` | its own rows, and no one else's | \`own\` |
| \`all\` | every row | \`all\` |
| \`conditional\` | rows of others under a condition: a membership, a flag, a published row | \`some\`, or \`own + some\` beside its own |

Principals are \`anon\`, \`user\`, \`user-anonymous\` and \`service_role\`; commands are \`select\`, \`insert\`, \`update\`, \`delete\`
and \`execute\`. What is left out is not checked. \`migration-guard access --write\` writes what is seen today.

\`conditional\` alone takes any condition. To hold it to those that you mean, name them as \`migration-guard access\` spells
them below the table; one that nobody named is then reported, and so is one that no longer opens anything:

\`\`\`yaml
access:
  public.tasks:
    user:
      select:
        conditional:
          - a row in public.team_members of the same public.teams
\`\`\`
`;
}

function row(key: string, schema: JsonSchema): string {
  const fallback =
    schema.default === undefined ||
    (typeof schema.default === 'object' &&
      schema.default !== null &&
      Object.keys(schema.default).length > 0 &&
      schema.properties)
      ? ''
      : `\`${JSON.stringify(schema.default)}\``;
  return `| \`${key}\` | ${values(schema)} | ${fallback} | ${schema.description ?? ''} |`;
}

function values(schema: JsonSchema): string {
  if (schema.$ref === level.$ref) return 'a level';
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const rule = schema.anyOf?.find(({ properties }) => properties?.level !== undefined);
  if (rule !== undefined) {
    const options = Object.keys(rule.properties ?? {}).filter((name) => name !== 'level');
    return ['a level', ...options.map((name) => `\`${name}\``)].join(', ');
  }
  if (schema.anyOf) return schema.anyOf.map(values).join(' or ');
  if (schema.type === 'array') return `list${schema.items?.enum ? ` of ${values(schema.items)}` : ''}`;
  return schema.type === 'object' ? (schema.properties ? '' : 'map') : (schema.type ?? '');
}
