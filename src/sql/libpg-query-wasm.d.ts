/** The part of the package that its own types leave out. */
declare module 'libpg-query/wasm/libpg-query.js' {
  export default function instantiate(): Promise<unknown>;
}
