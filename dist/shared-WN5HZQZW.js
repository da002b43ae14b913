import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-DQTZ275K.js";import"./shared-N23CJGRN.js";import"./shared-K5OCF6XR.js";import"./shared-UFU74S63.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
