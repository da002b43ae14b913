/** One line a rule, in the order of their ids. `npm run new-rule <id>` adds it. */
export { default as 'history/duplicate-version' } from './history/duplicate-version.ts';
export { default as 'history/edited-migration' } from './history/edited-migration.ts';
export { default as 'history/empty' } from './history/empty.ts';
export { default as 'history/file-name' } from './history/file-name.ts';
export { default as 'history/future-version' } from './history/future-version.ts';
export { default as 'history/open-pull-request' } from './history/open-pull-request.ts';
export { default as 'history/out-of-order' } from './history/out-of-order.ts';
export { default as 'history/remote-drift' } from './history/remote-drift.ts';
export { default as 'history/skipped-file' } from './history/skipped-file.ts';
export { default as 'history/sort-order' } from './history/sort-order.ts';
export { default as 'structure/primary-key' } from './structure/primary-key.ts';
export { default as 'structure/syntax' } from './structure/syntax.ts';
