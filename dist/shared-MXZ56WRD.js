import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-AW2UH54K.js";import"./shared-N23CJGRN.js";import"./shared-JQKJAOHR.js";import"./shared-MICVR5I6.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
