/** Made-up migrations of real size (public projects: about 2 KB in the median), the same at every run. */

export interface MadeMigration {
  readonly name: string;
  readonly sql: string;
}

/** Each makes one table that hangs on the one before it, with everything a careful team writes. */
export function makeMigrations(count: number): readonly MadeMigration[] {
  return Array.from({ length: count }, (_, i) => {
    const table = `t${i + 1}`;
    const parent = i > 0 && i % 3 !== 0 ? `t${i}` : null;
    const version = new Date(Date.UTC(2026, 0, 1) + i * 3_600_000)
      .toISOString()
      .replace(/[-:T]/g, '')
      .slice(0, 14);
    return { name: `${version}_create_${table}.sql`, sql: migration(table, parent) };
  });
}

function migration(table: string, parent: string | null): string {
  const parentColumn =
    parent === null ? '' : `  ${parent}_id uuid REFERENCES public.${parent} (id) ON DELETE CASCADE,\n`;
  const parentIndex =
    parent === null
      ? ''
      : `CREATE INDEX IF NOT EXISTS idx_${table}_${parent}_id ON public.${table} (${parent}_id);\n`;
  return `-- Migration: create ${table}
-- Created: 2026-01-01
-- Purpose: a table of the usual kind, with the usual policies

CREATE TABLE IF NOT EXISTS public.${table} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL DEFAULT auth.uid() REFERENCES auth.users (id) ON DELETE CASCADE,
${parentColumn}  title text NOT NULL CHECK (length(title) <= 200),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'open', 'done')),
  amount numeric(12, 2) CHECK (amount >= 0),
  details jsonb NOT NULL DEFAULT '{}',
  is_public boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_${table}_user_id ON public.${table} (user_id);
${parentIndex}CREATE INDEX IF NOT EXISTS idx_${table}_open ON public.${table} (created_at) WHERE status = 'open';

ALTER TABLE public.${table} ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.${table} TO authenticated, service_role;

CREATE POLICY "${table}: read own or public" ON public.${table}
  FOR SELECT TO authenticated USING ((SELECT auth.uid()) = user_id OR is_public);
CREATE POLICY "${table}: insert own" ON public.${table}
  FOR INSERT TO authenticated WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${table}: update own" ON public.${table}
  FOR UPDATE TO authenticated USING ((SELECT auth.uid()) = user_id) WITH CHECK ((SELECT auth.uid()) = user_id);
CREATE POLICY "${table}: delete own" ON public.${table}
  FOR DELETE TO authenticated USING ((SELECT auth.uid()) = user_id);

CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
  LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END;
$$;
CREATE TRIGGER ${table}_set_updated_at BEFORE UPDATE ON public.${table}
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

COMMENT ON TABLE public.${table} IS 'One thing of a user.';
COMMENT ON COLUMN public.${table}.details IS 'What else is known about it.';

-- Rollback:
-- DROP TABLE public.${table};
`;
}
