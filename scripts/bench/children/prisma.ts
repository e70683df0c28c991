import { serve } from '../child';
import { openPrisma } from '../contenders/prisma';

serve(openPrisma);
