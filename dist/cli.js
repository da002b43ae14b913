#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import o from"node:module";o.enableCompileCache?.();var{run:s}=await import("./shared-XEGO3KSL.js");process.stdout.on("error",e=>{if(e.code!=="EPIPE")throw e;process.exit()});process.exitCode=await s(process.argv.slice(2),{cwd:process.cwd(),stdout:process.stdout,stderr:process.stderr,env:process.env});
