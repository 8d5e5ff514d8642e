// The app: one web view with the page. Its address is in Info.plist (Address).
import UIKit
import WebKit

@main
final class App: UIResponder, UIApplicationDelegate {
    var window: UIWindow?

    func application(_ application: UIApplication, didFinishLaunchingWithOptions options: [UIApplication.LaunchOptionsKey: Any]?) -> Bool {
        window = UIWindow(frame: UIScreen.main.bounds)
        window?.rootViewController = Page()
        window?.makeKeyAndVisible()
        return true
    }
}

final class Page: UIViewController, WKNavigationDelegate, WKUIDelegate, WKDownloadDelegate {
    private let web = WKWebView()
    private let address = URL(string: Bundle.main.object(forInfoDictionaryKey: "Address") as? String ?? "")
    private var saved: URL?

    override func viewDidLoad() {
        super.viewDidLoad()
        view.backgroundColor = UIColor(named: "Theme")
        web.navigationDelegate = self
        web.uiDelegate = self
        web.allowsBackForwardNavigationGestures = true
        web.translatesAutoresizingMaskIntoConstraints = false
        view.addSubview(web)
        let safe = view.safeAreaLayoutGuide
        NSLayoutConstraint.activate([
            web.topAnchor.constraint(equalTo: safe.topAnchor), web.bottomAnchor.constraint(equalTo: view.bottomAnchor),
            web.leadingAnchor.constraint(equalTo: safe.leadingAnchor), web.trailingAnchor.constraint(equalTo: safe.trailingAnchor),
        ])
        load()
    }

    private func load() {
        guard let address else { return say(NSLocalizedString("address", comment: "no address is built in")) }
        web.load(URLRequest(url: address))
    }

    private func say(_ text: String) {
        let alert = UIAlertController(title: nil, message: text, preferredStyle: .alert)
        alert.addAction(UIAlertAction(title: NSLocalizedString("again", comment: "try again"), style: .default) { _ in self.load() })
        present(alert, animated: true)
    }

    // pages of other servers are the browser's
    func webView(_ webView: WKWebView, decidePolicyFor action: WKNavigationAction, decisionHandler: @escaping (WKNavigationActionPolicy) -> Void) {
        if action.shouldPerformDownload { return decisionHandler(.download) }
        if let url = action.request.url, let scheme = url.scheme, ["http", "https"].contains(scheme), url.host != address?.host {
            UIApplication.shared.open(url)
            return decisionHandler(.cancel)
        }
        decisionHandler(.allow)
    }

    func webView(_ webView: WKWebView, didFailProvisionalNavigation navigation: WKNavigation!, withError error: Error) {
        say(error.localizedDescription)
    }

    // questions of the page
    func webView(_ webView: WKWebView, runJavaScriptConfirmPanelWithMessage message: String, initiatedByFrame frame: WKFrameInfo, completionHandler: @escaping (Bool) -> Void) {
        let alert = UIAlertController(title: nil, message: message, preferredStyle: .alert)
        alert.addAction(UIAlertAction(title: NSLocalizedString("no", comment: "decline"), style: .cancel) { _ in completionHandler(false) })
        alert.addAction(UIAlertAction(title: NSLocalizedString("yes", comment: "agree"), style: .default) { _ in completionHandler(true) })
        present(alert, animated: true)
    }

    // files, also those that the page makes itself, are shared when they are there
    func webView(_ webView: WKWebView, navigationAction: WKNavigationAction, didBecome download: WKDownload) {
        download.delegate = self
    }

    func download(_ download: WKDownload, decideDestinationUsing response: URLResponse, suggestedFilename name: String, completionHandler: @escaping (URL?) -> Void) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        saved = folder.appendingPathComponent(name)
        completionHandler(saved)
    }

    func downloadDidFinish(_ download: WKDownload) {
        guard let saved else { return }
        let share = UIActivityViewController(activityItems: [saved], applicationActivities: nil)
        share.popoverPresentationController?.sourceView = view
        present(share, animated: true)
    }

    func download(_ download: WKDownload, didFailWithError error: Error, resumeData: Data?) {
        say(error.localizedDescription)
    }
}
