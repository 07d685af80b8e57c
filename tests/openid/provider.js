// An OpenID provider for tests: `node provider.js PORT ORIGIN SECRET`. PUT /control changes how it behaves,
// with a JSON object of the fields of `now`. Everybody in `people` may sign in, with any password.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, origin, secret] = process.argv.slice(2);
const now = {
  people: {}, // claims by subject
  lasts_s: 3600, // of an access token
  id_lasts_s: 3600, // of an ID token
  clock_s: 0, // how far this clock is ahead
  away: false, // answers 503 to everything
};

const realNow = Date.now;
Date.now = () => realNow() + now.clock_s * 1000;

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: "orders",
      client_secret: secret,
      redirect_uris: [`${origin}/api/session/company/callback`],
      post_logout_redirect_uris: [`${origin}/`],
      backchannel_logout_uri: `${origin}/api/session/company/logout`,
      backchannel_logout_session_required: true,
      grant_types: ["authorization_code", "refresh_token"],
    },
  ],
  claims: {
    openid: ["sub", "groups", "stores"],
    profile: ["preferred_username"],
  },
  findAccount: (_context, id) =>
    now.people[id] && { accountId: id, claims: () => ({ sub: id, ...now.people[id] }) },
  // The operator has consented for everybody.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  ttl: {
    AccessToken: () => now.lasts_s,
    IdToken: () => now.id_lasts_s,
    RefreshToken: 86_400,
    Session: 86_400,
    Grant: 86_400,
    Interaction: 3600,
  },
  cookies: { keys: ["a key of the tests"] },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      // Without this system's page between: the test sees where it leads.
      logoutSource: (context, form) => {
        context.body = `<!doctype html><title>Sign out</title>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
      },
    },
  },
  // By default it refuses to call addresses of this machine.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
});

const callback = provider.callback();

async function answer(request, response) {
  if (request.method === "PUT" && request.url === "/control") {
    let text = "";
    for await (const part of request) text += part;
    Object.assign(now, JSON.parse(text));
    response.end();
  } else if (now.away) {
    response.writeHead(503).end();
  } else {
    callback(request, response);
  }
}

createServer((request, response) => void answer(request, response)).listen(
  Number(port),
  "localhost",
);
