/** The tables of the browser protocol and their columns, in the server's order. */
const POD_COLS =
  "id ns name node state status ready restarts owner workload cpu mem qos reason message containers created ip image".split(
    " ",
  );
export const COLS = {
  nodes:
    "id name role zone ready cordoned taints cpu mem slots cpuReq memReq power kubelet pressure version created deleting addr".split(
      " ",
    ),
  pods: POD_COLS,
  workloads:
    "id kind ns name owner desired current ready updated available paused hpa created images generationSeen".split(
      " ",
    ),
  services: "id ns name type ip ports selector endpoints created".split(" "),
  namespaces: "id name phase".split(" "),
  components: "id name node state queue leader".split(" "),
  configs: "id kind ns name created".split(" "),
  events: "id type reason message objKind objNs objName objId count last source".split(" "),
  faults: "id kind target until since".split(" "),
};
