import { serve } from '../child';
import { openPackage } from '../contenders/package';

serve(openPackage);
