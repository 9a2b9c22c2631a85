"use strict";

document.querySelector("#passage mark")?.scrollIntoView({ block: "center" });
