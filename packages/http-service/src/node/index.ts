export { HttpServiceError, type HttpServiceErrorCode } from './errors.ts';
export {
  createHostCheck,
  type HttpAddress,
  isLoopback,
  isWildcard,
  originOf,
  parseHttpAddress,
} from './http-address.ts';
export { type HttpApp, type HttpService, listenHttp } from './http-service.ts';
