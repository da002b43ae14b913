/** The parser as its package brings it. Importing this compiles its WebAssembly: parse.ts does so when it is time. */
export { loadModule, parseSync } from 'libpg-query';
