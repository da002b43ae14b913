/** Pages made from the schemas: docs/configuration.md, docs/config.schema.json, docs/report.schema.json. */
import { z } from 'zod';
import { configSchema } from '../src/config/schema.ts';
import { reportJsonSchema } from '../src/report/schema.ts';

export interface Page {
  readonly path: string;
  readonly text: string;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
}

const configJsonSchema = () => ({
  title: 'supabase/migration-guard.yml',
  ...z.toJSONSchema(configSchema, { io: 'input' }),
});

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

\`supabase/migration-guard.yml\`. Every key has a default; an unknown one is an error that names the nearest. A flag or an
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

Which options a rule has stands on [its page](rules/README.md).

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
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf) return schema.anyOf.map(values).join(' or ');
  if (schema.type === 'array') return `list${schema.items?.enum ? ` of ${values(schema.items)}` : ''}`;
  return schema.type === 'object' ? (schema.properties ? '' : 'map') : (schema.type ?? '');
}
