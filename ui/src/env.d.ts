/** Whether the scripted backend is built in. */
declare const __DEMO__: boolean;
