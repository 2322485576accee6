//go:build tools

// Package tools names the kubelet of the tests on a real node. It is older than the control plane, as Kubernetes
// allows: later ones need containerd 2.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kubelet"
)
