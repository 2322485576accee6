//go:build tools

// Package tools names the control plane of Kubernetes 1.30 for the tests of supported versions.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
