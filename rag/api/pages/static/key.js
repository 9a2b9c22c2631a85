// The API key: in this tab, or on this device where that is asked for. Never in an address.

const NAME = "whetstone.key";
const dialog = document.getElementById("key-dialog");
const form = document.getElementById("key-form");
const field = document.getElementById("key");
const remember = document.getElementById("key-remember");
const error = document.getElementById("key-error");
const shown = document.getElementById("show-key");
const forget = document.getElementById("forget-key");

let key = read(() => sessionStorage) ?? read(() => localStorage);

/** Give the key to send, or null. */
export function currentKey() {
  return key;
}

/** Ask for a key; resolves to whether one was given. `complaint` says what is wrong with the present one. */
export function askForKey(complaint = "") {
  complain(complaint);
  field.value = "";
  remember.checked = read(() => localStorage) !== null;
  forget.hidden = key === null;
  dialog.returnValue = "";
  if (!dialog.open) dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "given"), { once: true });
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = field.value.trim();
  if (!/^[\x21-\x7e]{1,1000}$/.test(given)) {
    complain("A key has letters, digits and marks only, without blanks.");
    field.focus();
    return;
  }
  key = given;
  field.value = "";
  write(() => sessionStorage, key);
  write(() => localStorage, remember.checked ? key : null);
  show();
  dialog.close("given");
});

document.getElementById("cancel-key").addEventListener("click", () => dialog.close(""));
forget.addEventListener("click", () => {
  key = null;
  write(() => sessionStorage, null);
  write(() => localStorage, null);
  show();
  dialog.close("");
});
shown.addEventListener("click", () => askForKey());
show();

function show() {
  shown.hidden = key === null;
}

function complain(text) {
  error.textContent = text;
  error.hidden = !text;
}

function read(storage) {
  try {
    return storage().getItem(NAME);
  } catch {
    return null; // storage is switched off: the key lasts as long as the page
  }
}

function write(storage, value) {
  try {
    if (value === null) storage().removeItem(NAME);
    else storage().setItem(NAME, value);
  } catch {
    // As above.
  }
}
