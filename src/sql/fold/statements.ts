/** Every kind of statement that Postgres 17 parses: how it is folded, or why a state does not show what it does. */
import type { SyntaxNode } from '../../model/sql.ts';
import { qualified, strings } from '../names.ts';
import { alterTable } from './alter-table.ts';
import { deleteBuckets, insertBuckets, updateBuckets } from './buckets.ts';
import { comment } from './comments.ts';
import { createTable, tableFromQuery } from './create-table.ts';
import { type Draft, migrationRole } from './draft.ts';
import { dropStatement } from './drop.ts';
import { alterExtension, createExtension } from './extension-statements.ts';
import { alterDefaultPrivileges, grantStatement, revokeAllFrom, roleName } from './grants.ts';
import { createIndex } from './indexes.ts';
import { changeOwner, dropOwned, reassignOwned } from './owners.ts';
import { alterPolicy, createPolicy, createTrigger } from './policies.ts';
import { alterPublication, createPublication } from './publications.ts';
import { outputColumns } from './query-columns.ts';
import { renameStatement, setSchema } from './rename.ts';
import { alterRoutine, createAggregate, createRoutine } from './routines.ts';
import { createSchema } from './schemas.ts';
import { alterSequence, createSequence } from './sequences.ts';
import { selectStatement, setStatement } from './session.ts';
import type { Site } from './site.ts';
import { alterEnum, createComposite, createType } from './types.ts';
import { createMaterializedView, createView } from './views.ts';

export type Fold = (draft: Draft, node: SyntaxNode, site: Site) => void;

/** What the state has no place for: said of each kind, so that none is passed over by mistake. */
const rows = 'changes rows, not the schema';
const notShown = 'makes or changes an object that a state does not show';
const session = 'concerns the session or the transaction';
const server = 'concerns the server or the cluster';
const maintenance = 'rewrites or examines storage only';

export const folds: Readonly<Record<string, Fold | string>> = {
  // tables, columns, constraints, indexes
  CreateStmt: createTable,
  CreateForeignTableStmt: (draft, node, site) =>
    createTable(draft, node.base ?? node.base_stmt ?? node, site, true),
  CreateTableAsStmt: (draft, node, site) => {
    if (node.objtype === 'OBJECT_MATVIEW') createMaterializedView(draft, node, site);
    else
      tableFromQuery(draft, node.into, outputColumns(draft, node.query), site, node.if_not_exists === true);
  },
  AlterTableStmt: alterTable,
  AlterTableMoveAllStmt: maintenance,
  IndexStmt: createIndex,
  RenameStmt: renameStatement,
  AlterObjectSchemaStmt: setSchema,
  AlterOwnerStmt: changeOwner,
  DropStmt: dropStatement,
  CommentStmt: comment,
  ImportForeignSchemaStmt: (draft, _node, site) =>
    draft.unknown(site.origin, 'which foreign tables the remote schema holds', null, 'else'),

  // policies, triggers, routines, views, types
  CreatePolicyStmt: createPolicy,
  AlterPolicyStmt: alterPolicy,
  CreateTrigStmt: createTrigger,
  CreateFunctionStmt: createRoutine,
  AlterFunctionStmt: alterRoutine,
  ViewStmt: createView,
  RefreshMatViewStmt: maintenance,
  RuleStmt: notShown,
  CreateEnumStmt: (draft, node, site) =>
    createType(draft, 'enum', strings(node.typeName), strings(node.vals), site),
  AlterEnumStmt: alterEnum,
  CreateDomainStmt: (draft, node, site) => createType(draft, 'domain', strings(node.domainname), [], site),
  AlterDomainStmt: (draft, node) => {
    const { schema, name } = qualified(strings(node.typeName));
    const key = draft.typeKey(schema, name);
    if (draft.has('type', key)) draft.touch('type', key);
  },
  CompositeTypeStmt: createComposite,
  CreateRangeStmt: (draft, node, site) => createType(draft, 'range', strings(node.typeName), [], site),
  DefineStmt: (draft, node, site) => {
    // Operators, collations, text search objects and base types are not shown.
    if (node.kind === 'OBJECT_AGGREGATE') createAggregate(draft, node, site);
  },
  AlterTypeStmt: notShown,
  AlterObjectDependsStmt: notShown,

  // schemas, sequences, extensions, publications
  CreateSchemaStmt: createSchema,
  CreateSeqStmt: createSequence,
  AlterSeqStmt: alterSequence,
  CreateExtensionStmt: createExtension,
  AlterExtensionStmt: alterExtension,
  AlterExtensionContentsStmt: notShown,
  CreatePublicationStmt: createPublication,
  AlterPublicationStmt: alterPublication,

  // privileges and roles
  GrantStmt: grantStatement,
  AlterDefaultPrivilegesStmt: alterDefaultPrivileges,
  GrantRoleStmt: 'changes the members of roles',
  CreateRoleStmt: server,
  AlterRoleStmt: server,
  AlterRoleSetStmt: server,
  DropRoleStmt: (draft, node) => {
    for (const role of node.roles ?? []) revokeAllFrom(draft, roleName(draft, role));
  },
  DropOwnedStmt: dropOwned,
  ReassignOwnedStmt: reassignOwned,

  // rows
  InsertStmt: insertBuckets,
  UpdateStmt: updateBuckets,
  DeleteStmt: deleteBuckets,
  MergeStmt: rows,
  TruncateStmt: rows,
  CopyStmt: rows,
  SelectStmt: selectStatement,
  CallStmt: selectStatement,

  // session and transaction
  VariableSetStmt: setStatement,
  VariableShowStmt: session,
  TransactionStmt: session,
  ConstraintsSetStmt: session,
  DiscardStmt: (draft) => {
    draft.role = migrationRole;
    draft.resetSearchPath();
  },
  PrepareStmt: session,
  ExecuteStmt: session,
  DeallocateStmt: session,
  DeclareCursorStmt: session,
  FetchStmt: session,
  ClosePortalStmt: session,
  ListenStmt: session,
  UnlistenStmt: session,
  NotifyStmt: session,
  LockStmt: session,
  LoadStmt: session,
  ExplainStmt: session,
  CheckPointStmt: server,

  // storage and statistics
  VacuumStmt: maintenance,
  ClusterStmt: maintenance,
  ReindexStmt: maintenance,
  CreateStatsStmt: notShown,
  AlterStatsStmt: notShown,

  // databases, servers, languages, operators and the like
  AlterCollationStmt: notShown,
  AlterDatabaseRefreshCollStmt: server,
  AlterDatabaseSetStmt: server,
  AlterDatabaseStmt: server,
  AlterEventTrigStmt: notShown,
  AlterFdwStmt: notShown,
  AlterForeignServerStmt: notShown,
  AlterOpFamilyStmt: notShown,
  AlterOperatorStmt: notShown,
  AlterSubscriptionStmt: server,
  AlterSystemStmt: server,
  AlterTableSpaceOptionsStmt: server,
  AlterTSConfigurationStmt: notShown,
  AlterTSDictionaryStmt: notShown,
  AlterUserMappingStmt: notShown,
  CreateAmStmt: notShown,
  CreateCastStmt: notShown,
  CreateConversionStmt: notShown,
  CreatedbStmt: server,
  CreateEventTrigStmt: notShown,
  CreateFdwStmt: notShown,
  CreateForeignServerStmt: notShown,
  CreateOpClassStmt: notShown,
  CreateOpFamilyStmt: notShown,
  CreatePLangStmt: notShown,
  CreateSubscriptionStmt: server,
  CreateTableSpaceStmt: server,
  CreateTransformStmt: notShown,
  CreateUserMappingStmt: notShown,
  DropdbStmt: server,
  DropSubscriptionStmt: server,
  DropTableSpaceStmt: server,
  DropUserMappingStmt: notShown,
  SecLabelStmt: notShown,
};
