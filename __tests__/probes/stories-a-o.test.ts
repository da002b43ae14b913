import { tellStories } from './tell.ts';

tellStories((name) => name < 'own');
