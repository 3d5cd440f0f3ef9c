import { createHostCheck, type HttpApp, type HttpService, listenHttp, originOf } from '@shoal/http-service';
import { Hono } from 'hono';

/** Says hello to whoever asks for it by an address of this machine. Answers the URL, and how to end it. */
export async function run(): Promise<{ url: string; service: HttpService }> {
  const isOurs = createHostCheck(undefined);
  const app: HttpApp = new Hono();
  app.use(async (context, next) => (isOurs(context.req.header('host')) ? next() : context.text('not this name', 403)));
  app.get('/', ({ text }) => text('hello'));
  const service = await listenHttp({ host: '127.0.0.1', port: 0 }, app);
  return { url: originOf({ host: '127.0.0.1', port: service.port }), service };
}
