/** A new migration, as the handbook wants it: name, header, ruled-off sections, the way back. */
import { formatVersion, timeOf } from './version.ts';

/** `create customer invoices table` → `create_customer_invoices_table`; accents go, everything else becomes one `_`. */
export function toName(words: string): string {
  return words
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 100);
}

/** `YYYYMMDDHHMMSS` in UTC, one second later than the newest where that lies ahead: the order must be the order of writing. */
export function nextVersion(now: Date, versions: readonly string[]): string {
  const newest = versions
    .filter((version) => /^\d{14}$/.test(version))
    .sort()
    .at(-1);
  const current = formatVersion(now.getTime());
  if (newest === undefined || newest < current) return current;
  const time = timeOf(newest);
  return time === null ? current : formatVersion(time + 1000);
}

/**
 * `create_<x>_table` fills the table's name in. `keeper` is the project's own trigger function for `updated_at`, where it
 * has one (`timeKeeper`).
 */
export function migrationTemplate(
  words: string,
  name: string,
  version: string,
  keeper: string | null = null,
): string {
  const table = /^(?:create|add)_(\w+?)_table$/.exec(name)?.[1];
  const day = `${version.slice(0, 4)}-${version.slice(4, 6)}-${version.slice(6, 8)}`;
  const header = `-- Migration: ${words.replace(/\s+/g, ' ')}\n-- Created: ${day}\n-- Purpose: \n`;
  return table === undefined ? `${header}\n${emptySections}` : `${header}\n${tableSections(table, keeper)}`;
}

/** The function that keeps `updated_at` in the migrations so far, by its name; null where there is none. */
export function timeKeeper(texts: readonly string[]): string | null {
  const made =
    /\bcreate\s+(?:or\s+replace\s+)?function\s+(?:public\s*\.\s*)?"?((?:set|update|handle|touch|trigger_set)_?(?:\w*_)?(?:updated_?at|timestamp)(?:_column)?)"?\s*\(\s*\)/gi;
  return texts.flatMap((text) => [...text.matchAll(made)]).at(-1)?.[1] ?? null;
}

const rule = `-- ${'='.repeat(60)}`;
const section = (title: string, sql: string) => `${rule}\n-- ${title}\n${rule}\n${sql}\n`;

const emptySections = `${section('Changes', '')}
-- Rollback:
-- 
`;

const tableSections = (table: string, keeper: string | null) =>
  [
    section(
      '1. Tables',
      `CREATE TABLE IF NOT EXISTS public.${table} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);`,
    ),
    section('2. Indexes', `CREATE INDEX IF NOT EXISTS idx_${table}_user_id ON public.${table} (user_id);`),
    section(
      '3. Foreign keys',
      `ALTER TABLE public.${table}
  ADD CONSTRAINT fk_${table}_user_id FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE;`,
    ),
    section(
      '4. Row level security and grants',
      `ALTER TABLE public.${table} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${table} TO authenticated, service_role;`,
    ),
    section(
      '5. Policies',
      `CREATE POLICY "${table}: read own rows" ON public.${table}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id);
CREATE POLICY "${table}: insert own rows" ON public.${table}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${table}: update own rows" ON public.${table}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${table}: delete own rows" ON public.${table}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);`,
    ),
    section(
      '6. Triggers',
      `${
        keeper === null
          ? `CREATE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
`
          : ''
      }CREATE TRIGGER ${table}_set_updated_at BEFORE UPDATE ON public.${table}
  FOR EACH ROW EXECUTE FUNCTION public.${keeper ?? 'set_updated_at'}();`,
    ),
    section('7. Comments', `COMMENT ON TABLE public.${table} IS '${table}: what one row stands for.';`),
    `-- Rollback:
-- DROP TABLE public.${table};
${keeper === null ? '-- DROP FUNCTION public.set_updated_at();\n' : ''}`,
  ].join('\n');
