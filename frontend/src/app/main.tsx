/** Entry: theme, session, routes. */
import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { Route, Switch } from "wouter";
import { fetchSession } from "@/net/playground";
import { ClusterList } from "@/panels/clusters/ClusterList";
import { remember, useUi } from "@/store/ui";
import { TipProvider } from "@/ui/Tip";
import { Blocked } from "./states";
import "./theme.css";
import { Workspace } from "./Workspace";

function useTheme(): void {
  const theme = useUi(s => s.theme);
  useEffect(() => {
    remember("theme", theme);
    const media = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
      const dark = theme === "dark" || (theme === "system" && media.matches);
      document.documentElement.dataset.theme = dark ? "dark" : "light";
    };
    apply();
    media.addEventListener("change", apply);
    return () => media.removeEventListener("change", apply);
  }, [theme]);
}

function App() {
  useTheme();
  useEffect(() => {
    fetchSession().catch(() => undefined);
  }, []);
  return (
    <TipProvider>
      <Switch>
        <Route path="/">
          <ClusterList />
        </Route>
        <Route path="/clusters/:name">
          {params => <Workspace key={params.name} name={decodeURIComponent(params.name)} />}
        </Route>
        <Route>
          <Blocked name={location.pathname} reason="There is nothing here" />
        </Route>
      </Switch>
    </TipProvider>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
