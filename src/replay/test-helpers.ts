import { standInSql } from '../database/platform/sql.ts';

/**
 * The `tests.*` functions that many projects install from a package registry, so that their pgTAP files run where there is
 * no network. Names and signatures are those of basejump's supabase_test_helpers.
 */
export const testHelperExtensions: ReadonlySet<string> = new Set([
  'basejump-supabase_test_helpers',
  'supabase_test_helpers',
]);

/** May run where they are in place. */
export const testHelpersSql = standInSql['basejump-supabase_test_helpers']!;
