import { writeFileSync } from 'node:fs';
import { embedDriver } from './embed-driver';

const { path, text } = embedDriver();
writeFileSync(path, text);
