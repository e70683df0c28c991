/** Database URL that is used when the application gives no option `url`. */
export const defaultUrl = 'file:./ans_database.sqlite';
