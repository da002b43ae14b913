/** The part of WebAssembly's API that is used here: TypeScript keeps it in its browser library only. */
declare namespace WebAssembly {
  interface Module {
    readonly ' wasm'?: never;
  }
  interface Global {
    value: number;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
