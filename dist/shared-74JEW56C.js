import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-JZ5GHNUZ.js";import"./shared-N23CJGRN.js";import"./shared-NA4GB2N5.js";import"./shared-3SJBCXAU.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
