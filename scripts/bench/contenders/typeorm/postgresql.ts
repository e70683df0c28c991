import { DataSource } from 'typeorm';
import type { Open } from '../../contender';
import { defineEntities } from './entities';
import { reads } from './reads';
import { writes } from './writes';

const entities = defineEntities((name) => ({ name, type: 'timestamptz', precision: 3 }));

/** Opens TypeORM on node-postgres; TypeORM has no prepared statements. */
export const open: Open = async (url) => {
  const source = new DataSource({ type: 'postgres', url, entities: Object.values(entities), installExtensions: false });
  await source.initialize();
  return {
    ...reads(source, entities),
    ...writes((work) => source.transaction(work), entities),
    close: () => source.destroy(),
  };
};
