/** A few kinds in the shape of `GET clusters/NAME/schema`. */
const s = { t: "string" };
const i = { t: "integer" };
const b = { t: "boolean" };
const q = { t: "quantity" };
const map = v => ({ t: "map", v });
const list = item => ({ t: "array", i: item });
const o = ref => ({ t: "object", ref });

export const fakeSchema = {
  kinds: [
    {
      group: "apps",
      version: "v1",
      kind: "Deployment",
      plural: "deployments",
      namespaced: true,
      type: "Deployment",
    },
    { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true, type: "Pod" },
    { group: "", version: "v1", kind: "Service", plural: "services", namespaced: true, type: "Service" },
    {
      group: "",
      version: "v1",
      kind: "ConfigMap",
      plural: "configmaps",
      namespaced: true,
      type: "ConfigMap",
    },
  ],
  types: {
    Deployment: {
      p: { apiVersion: s, kind: s, metadata: o("Meta"), spec: o("DeploymentSpec"), status: { t: "any" } },
    },
    Pod: { p: { apiVersion: s, kind: s, metadata: o("Meta"), spec: o("PodSpec"), status: { t: "any" } } },
    Service: {
      p: { apiVersion: s, kind: s, metadata: o("Meta"), spec: o("ServiceSpec"), status: { t: "any" } },
    },
    ConfigMap: {
      p: { apiVersion: s, kind: s, metadata: o("Meta"), data: map(s), binaryData: map(s), immutable: b },
    },
    Meta: {
      p: {
        name: s,
        namespace: s,
        uid: s,
        resourceVersion: s,
        generation: i,
        creationTimestamp: { t: "time" },
        labels: map(s),
        annotations: map(s),
        ownerReferences: list({ t: "any" }),
        finalizers: list(s),
        generateName: s,
      },
    },
    DeploymentSpec: {
      p: {
        replicas: i,
        selector: o("Selector"),
        template: o("Template"),
        strategy: { t: "any" },
        minReadySeconds: i,
        revisionHistoryLimit: i,
        paused: b,
        progressDeadlineSeconds: i,
      },
      r: ["selector", "template"],
    },
    Selector: { p: { matchLabels: map(s), matchExpressions: list({ t: "any" }) } },
    Template: { p: { metadata: o("Meta"), spec: o("PodSpec") } },
    PodSpec: {
      p: {
        containers: list(o("Container")),
        initContainers: list(o("Container")),
        nodeName: s,
        nodeSelector: map(s),
        restartPolicy: { t: "string", e: ["Always", "OnFailure", "Never"] },
        serviceAccountName: s,
        terminationGracePeriodSeconds: i,
        tolerations: list({ t: "any" }),
        affinity: { t: "any" },
        hostNetwork: { t: "boolean", x: "no packets are sent here" },
        volumes: list({ t: "any" }),
      },
      r: ["containers"],
    },
    Container: {
      p: {
        name: s,
        image: s,
        command: list(s),
        args: list(s),
        env: list(o("Env")),
        ports: list(o("Port")),
        resources: o("Resources"),
        imagePullPolicy: { t: "string", e: ["Always", "IfNotPresent", "Never"] },
        readinessProbe: { t: "any" },
        livenessProbe: { t: "any" },
        volumeMounts: list({ t: "any" }),
        tty: { t: "boolean", x: "containers are played here, not run" },
      },
      r: ["name"],
    },
    Env: { p: { name: s, value: s, valueFrom: { t: "any" } }, r: ["name"] },
    Port: {
      p: { name: s, containerPort: i, hostPort: i, protocol: { t: "string", e: ["TCP", "UDP", "SCTP"] } },
      r: ["containerPort"],
    },
    Resources: { p: { requests: map(q), limits: map(q) } },
    ServiceSpec: {
      p: {
        type: { t: "string", e: ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] },
        selector: map(s),
        ports: list(o("ServicePort")),
        clusterIP: s,
        externalName: s,
      },
    },
    ServicePort: {
      p: { name: s, port: i, targetPort: { t: "intstr" }, nodePort: i, protocol: s },
      r: ["port"],
    },
  },
};
