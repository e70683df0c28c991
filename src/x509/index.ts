export { certificateFromPem } from './certificate-from-pem';
