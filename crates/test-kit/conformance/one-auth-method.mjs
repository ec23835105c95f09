// Loaded into the suite (`node --import`) when its client has a secret.
//
// The suite authenticates its client by `none` whenever the metadata lists that, secret or not.
// A confidential client's own software does not, so the suite is shown metadata that list the one
// method the client registered; nothing else that it sends or receives is touched.
import assert from 'node:assert/strict';
import { DecoratorHandler, getGlobalDispatcher, setGlobalDispatcher } from 'undici';

const method = process.env.CLIENT_AUTH_METHOD;

class OneMethod extends DecoratorHandler {
  #chunks = [];

  onResponseData(_controller, chunk) {
    this.#chunks.push(chunk);
  }

  onResponseEnd(controller, trailers) {
    const metadata = JSON.parse(Buffer.concat(this.#chunks));
    assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method), `${method} is not supported`);
    metadata.token_endpoint_auth_methods_supported = [method];
    super.onResponseData(controller, Buffer.from(JSON.stringify(metadata)));
    super.onResponseEnd(controller, trailers);
  }
}

setGlobalDispatcher(getGlobalDispatcher().compose((dispatch) => (options, handler) => {
  const isMetadata = options.path.startsWith('/.well-known/oauth-authorization-server');
  return dispatch(options, isMetadata ? new OneMethod(handler) : handler);
}));
