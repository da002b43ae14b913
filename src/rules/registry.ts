/** One line a rule, in the order of their ids. `npm run new-rule <id>` adds it. */
export { default as 'structure/primary-key' } from './structure/primary-key.ts';
export { default as 'structure/syntax' } from './structure/syntax.ts';
