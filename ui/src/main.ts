import { mount } from "svelte";

import AppWindow from "./App.svelte";
import { connect } from "./backend";
import { App } from "./state/app.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

const target = document.getElementById("app");
if (target) {
  const app = new App(await connect());
  mount(AppWindow, { target, props: { app } });
}
