import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a,b}from"./shared-QUH72WEW.js";import"./shared-O3E576O4.js";import"./shared-LGITM4RL.js";import"./shared-IF2GHR3I.js";import"./shared-CMHGUJ7R.js";export{a as parseConfig,b as withAccess};
