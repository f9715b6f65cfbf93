// A real OpenID provider (oidc-provider, certified) on a free port, for tests: `node provider.mjs MODULES`.
// stdin has its clients as JSON; stdout says its issuer. It signs in, without asking, whom the test names.
// A test tells it over /control whom, and how its ID tokens are to be wrong; /forge signs any claims.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const from = createRequire(pathToFileURL(`${process.argv[2]}/package.json`));
const { Provider } = await import(pathToFileURL(from.resolve("oidc-provider")));
const jose = await import(pathToFileURL(from.resolve("jose")));

const read = async (stream) => {
  let text = "";
  for await (const part of stream) text += part;
  return JSON.parse(text || "{}");
};
const newKey = (kid) => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
};

const clients = await read(process.stdin);
const strangers = newKey("stranger");
let told = { account: { sub: "nobody" }, wrong: null };
let key = newKey(randomUUID());
let provider;
let issuer;

// What a dishonest, or a broken, provider would send: other claims, another key, another algorithm.
const forge = async (claims, { alg = "RS256", by = "own", type = "JWT" } = {}) => {
  const without = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
  if (alg === "none") return new jose.UnsecuredJWT(without).encode();
  const header = { alg, kid: key.kid, typ: type };
  const signed = new jose.SignJWT(without).setProtectedHeader(header);
  if (alg === "HS256") {
    const { n, e, kty } = key;
    const pem = await jose.exportSPKI(await jose.importJWK({ n, e, kty }, "RS256", { extractable: true }));
    return signed.sign(new TextEncoder().encode(pem));
  }
  return signed.sign(await jose.importJWK(by === "own" ? key : strangers, alg));
};

const make = () => {
  const made = new Provider(issuer, {
    clients,
    jwks: { keys: [key] },
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => told.account }),
    ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  });
  made.use(async (context, next) => {
    await next();
    if (context.oidc?.route !== "token" || !told.wrong || !context.body?.id_token) return;
    const { claims, ...how } = told.wrong;
    context.body.id_token = await forge({ ...jose.decodeJwt(context.body.id_token), ...claims }, how);
  });
  return made;
};

const interact = async (request, response) => {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = told.account.sub;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
};

const control = async (request) => {
  const asked = await read(request);
  told = { ...told, ...asked };
  if (asked.rotate) {
    key = newKey(randomUUID());
    provider = make();
  }
  return "{}";
};

const server = createServer(async (request, response) => {
  if (request.url === "/control") return response.end(await control(request));
  if (request.url === "/forge") {
    const { claims, how } = await read(request);
    return response.end(await forge(claims, how));
  }
  if (request.url.startsWith("/interaction/")) return interact(request, response);
  return provider.callback()(request, response);
});
server.listen(0, "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  provider = make();
  process.stdout.write(`${issuer}\n`);
});
