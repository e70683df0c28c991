// Configuration with which `ans-database studio` starts Prisma Studio. The URL comes in an environment variable: unlike an
// argument, other users of the machine cannot see it.
import process from 'node:process';

export default { datasource: { url: process.env['ANS_DATABASE_STUDIO_URL'] } };
