import { serve } from '../child';
import { openRaw } from '../contenders/raw';

serve(openRaw);
