#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import e from"node:module";e.enableCompileCache?.();var{run:s}=await import("./shared-JQPO7NKS.js");process.exitCode=await s(process.argv.slice(2),{cwd:process.cwd(),stdout:process.stdout,stderr:process.stderr,env:process.env});
