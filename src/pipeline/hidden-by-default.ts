/** Whether new tables are granted to nobody, where the configuration sets nothing and the words of its template say so. */
import type { Project } from '../model/migration.ts';
import type { SourceFile, SyntaxNode } from '../model/sql.ts';
import { codeOf } from '../rules/support/syntax/bodies.ts';

/**
 * The project as its migrations tell it. Where new tables are granted to nobody, an API without any grant shows nothing:
 * a project whose migrations grant none was made before, and its file came from a newer CLI.
 */
export const withTemplate = (project: Project, sources: Iterable<SourceFile>): Project =>
  project.autoExposeNewTables === null && project.unsetHides && [...sources].some(grantsTables)
    ? { ...project, autoExposeNewTables: false }
    : project;

const grantsTables = ({ statements }: SourceFile): boolean =>
  statements.some(({ kind, node, sql }) => {
    if (kind === 'GrantStmt') return isOfTables(node);
    if (kind === 'AlterDefaultPrivilegesStmt') return isOfTables(node.action?.GrantStmt ?? node.action ?? {});
    // Its names are put together at run time.
    return kind === 'DoStmt' && grantInBlock.test(codeOf(sql).withStrings);
  });

const isOfTables = ({ is_grant, objtype, grantees }: SyntaxNode): boolean =>
  is_grant === true &&
  objtype === 'OBJECT_TABLE' &&
  (grantees ?? []).some((grantee: SyntaxNode) =>
    /^(anon|authenticated)$/.test((grantee.RoleSpec ?? grantee).rolename ?? ''),
  );

const grantInBlock =
  /\bgrant\s[^;]{1,300}?\bon\s+(?!function|procedure|routine|schema|sequence|type|all\s+(?:functions|procedures|routines|sequences))[^;]{1,300}?\bto\b[^;]{1,100}?\b(?:anon|authenticated)\b/i;
