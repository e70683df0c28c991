/** Direction in which results are ordered. */
export type OrderDirection = 'asc' | 'desc';
