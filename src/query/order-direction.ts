/** Direction of an order. */
export type OrderDirection = 'asc' | 'desc';
