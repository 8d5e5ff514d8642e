# Keeps the server's pages in the app, gives other addresses to the system, and asks for
# the address when the page cannot be had.
.class Lorg/iptvdc/shell/Client;
.super Landroid/webkit/WebViewClient;

.field final main:Lorg/iptvdc/shell/Main;

.method constructor <init>(Lorg/iptvdc/shell/Main;)V
    .registers 2
    invoke-direct {p0}, Landroid/webkit/WebViewClient;-><init>()V
    iput-object p1, p0, Lorg/iptvdc/shell/Client;->main:Lorg/iptvdc/shell/Main;
    return-void
.end method

.method public shouldOverrideUrlLoading(Landroid/webkit/WebView;Landroid/webkit/WebResourceRequest;)Z
    .registers 7
    iget-object v0, p0, Lorg/iptvdc/shell/Client;->main:Lorg/iptvdc/shell/Main;
    invoke-interface {p2}, Landroid/webkit/WebResourceRequest;->getUrl()Landroid/net/Uri;
    move-result-object v1
    invoke-virtual {v1}, Landroid/net/Uri;->getAuthority()Ljava/lang/String;
    move-result-object v2
    iget-object v3, v0, Lorg/iptvdc/shell/Main;->address:Ljava/lang/String;
    invoke-static {v3}, Landroid/net/Uri;->parse(Ljava/lang/String;)Landroid/net/Uri;
    move-result-object v3
    invoke-virtual {v3}, Landroid/net/Uri;->getAuthority()Ljava/lang/String;
    move-result-object v3
    if-eqz v2, :elsewhere
    invoke-virtual {v2, v3}, Ljava/lang/String;->equals(Ljava/lang/Object;)Z
    move-result v2
    if-eqz v2, :elsewhere
    const/4 v0, 0x0
    return v0
    :elsewhere
    new-instance v2, Landroid/content/Intent;
    const-string v3, "android.intent.action.VIEW"
    invoke-direct {v2, v3, v1}, Landroid/content/Intent;-><init>(Ljava/lang/String;Landroid/net/Uri;)V
    :try_start
    invoke-virtual {v0, v2}, Lorg/iptvdc/shell/Main;->startActivity(Landroid/content/Intent;)V
    :try_end
    .catch Landroid/content/ActivityNotFoundException; {:try_start .. :try_end} :nobody
    :done
    const/4 v0, 0x1
    return v0
    :nobody
    move-exception v1
    const-string v1, "nobody"
    invoke-virtual {v0, v1}, Lorg/iptvdc/shell/Main;->text(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v1
    const/4 v2, 0x1
    invoke-static {v0, v1, v2}, Landroid/widget/Toast;->makeText(Landroid/content/Context;Ljava/lang/CharSequence;I)Landroid/widget/Toast;
    move-result-object v0
    invoke-virtual {v0}, Landroid/widget/Toast;->show()V
    goto :done
.end method

.method public onReceivedError(Landroid/webkit/WebView;Landroid/webkit/WebResourceRequest;Landroid/webkit/WebResourceError;)V
    .registers 6
    invoke-interface {p2}, Landroid/webkit/WebResourceRequest;->isForMainFrame()Z
    move-result v0
    if-eqz v0, :part
    # the system's own error page names the address; ours asks for the right one
    const-string v0, "about:blank"
    invoke-virtual {p1, v0}, Landroid/webkit/WebView;->loadUrl(Ljava/lang/String;)V
    iget-object v0, p0, Lorg/iptvdc/shell/Client;->main:Lorg/iptvdc/shell/Main;
    const-string v1, "failed"
    invoke-virtual {v0, v1}, Lorg/iptvdc/shell/Main;->ask(Ljava/lang/String;)V
    :part
    return-void
.end method
