// Forms whose button asks the browser for a passkey, or makes one; hidden where there is no JavaScript. What the browser gives goes into
// the hidden field "credential" as JSON, with its bytes in base64url (RFC 4648), and the form is sent as any other.
(function () {
  "use strict";

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) {
      return letter.charCodeAt(0);
    });
  }

  function text(buffer) {
    var plain = Array.from(new Uint8Array(buffer), function (byte) {
      return String.fromCharCode(byte);
    }).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function named(descriptor) {
    descriptor.id = bytes(descriptor.id);
    return descriptor;
  }

  // One that has a user is for a new passkey.
  function ask(options) {
    var key = options.publicKey;
    key.challenge = bytes(key.challenge);
    (key.allowCredentials || []).concat(key.excludeCredentials || []).forEach(named);
    if (!key.user) {
      return navigator.credentials.get({ publicKey: key });
    }
    key.user.id = bytes(key.user.id);
    return navigator.credentials.create({ publicKey: key });
  }

  function asJson(credential) {
    var given = credential.response;
    var response = { clientDataJSON: text(given.clientDataJSON) };
    if (given.attestationObject) {
      response.attestationObject = text(given.attestationObject);
    } else {
      response.authenticatorData = text(given.authenticatorData);
      response.signature = text(given.signature);
      response.userHandle = given.userHandle ? text(given.userHandle) : null;
    }
    return JSON.stringify({ type: credential.type, id: credential.id, rawId: text(credential.rawId), response: response });
  }

  // Kept in the page as text, so that a second try begins anew; or fetched, so that nobody gets a cookie who only looks.
  function options(form, holder) {
    if (holder.dataset.passkeyOptions) {
      return Promise.resolve(JSON.parse(holder.dataset.passkeyOptions));
    }
    return fetch(holder.dataset.passkeyAsk, { method: "POST", body: new FormData(form), credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) {
        throw new Error("no options");
      }
      return answer.json();
    });
  }

  document.querySelectorAll("[data-passkey-options], [data-passkey-ask]").forEach(function (holder) {
    var form = holder.closest("form");
    var failed = form.querySelector("[data-passkey-failed]");
    var asking = false;

    form.addEventListener("submit", function (event) {
      event.preventDefault();
      event.stopPropagation(); // page.js would take a second try for a double click
      if (asking) {
        return;
      }
      asking = true;
      failed.hidden = true;
      options(form, holder)
        .then(ask)
        .then(function (credential) {
          form.querySelector("[name=credential]").value = asJson(credential);
          form.submit();
        })
        .catch(function () {
          failed.hidden = false;
        })
        .then(function () {
          asking = false;
        });
    });
  });
})();
