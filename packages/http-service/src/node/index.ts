export { HttpServiceError, type HttpServiceErrorCode } from './errors.ts';
export {
  createHostCheck,
  type HttpAddress,
  isLoopback,
  isWildcard,
  originOf,
  parseHttpAddress,
} from './http-address.ts';
export { type HttpApp, type HttpService, type HttpServiceOptions, listenHttp } from './http-service.ts';
export { createOriginCheck } from './origin-check.ts';
export { createTokenCheck, TOKEN_CHALLENGE } from './token-check.ts';
