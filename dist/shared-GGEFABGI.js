import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-LGUEYYUM.js";import"./shared-N23CJGRN.js";import"./shared-ALESSBFN.js";import"./shared-7PIWU63R.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
