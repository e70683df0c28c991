// Configuration with which `ans-database studio` starts Prisma Studio. The URL comes in an environment variable,
// because other users of the machine can see the arguments of a process.
import process from 'node:process';

export default { datasource: { url: process.env['ANS_DATABASE_STUDIO_URL'] } };
