/** URL of the database when the application gives none. */
export const defaultUrl = 'file:./ans_database.sqlite';
