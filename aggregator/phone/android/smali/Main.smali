# The app's only screen: a WebView with the page, a question for the server's address
# where none is built in or it cannot be reached. Texts and the address are resources,
# found by name, so that no class of generated numbers is needed.
.class public Lorg/iptvdc/shell/Main;
.super Landroid/app/Activity;

.field web:Landroid/webkit/WebView;
# The address of the app, as https://data.example/app/boards/; "" while there is none.
.field address:Ljava/lang/String;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

# text returns a string resource by its name.
.method text(Ljava/lang/String;)Ljava/lang/String;
    .registers 5
    invoke-virtual {p0}, Lorg/iptvdc/shell/Main;->getResources()Landroid/content/res/Resources;
    move-result-object v0
    const-string v1, "string"
    invoke-virtual {p0}, Lorg/iptvdc/shell/Main;->getPackageName()Ljava/lang/String;
    move-result-object v2
    invoke-virtual {v0, p1, v1, v2}, Landroid/content/res/Resources;->getIdentifier(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;)I
    move-result v1
    invoke-virtual {v0, v1}, Landroid/content/res/Resources;->getString(I)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.method protected onCreate(Landroid/os/Bundle;)V
    .registers 6
    invoke-super {p0, p1}, Landroid/app/Activity;->onCreate(Landroid/os/Bundle;)V
    new-instance v0, Landroid/webkit/WebView;
    invoke-direct {v0, p0}, Landroid/webkit/WebView;-><init>(Landroid/content/Context;)V
    iput-object v0, p0, Lorg/iptvdc/shell/Main;->web:Landroid/webkit/WebView;
    invoke-virtual {v0}, Landroid/webkit/WebView;->getSettings()Landroid/webkit/WebSettings;
    move-result-object v1
    const/4 v2, 0x1
    invoke-virtual {v1, v2}, Landroid/webkit/WebSettings;->setJavaScriptEnabled(Z)V
    invoke-virtual {v1, v2}, Landroid/webkit/WebSettings;->setDomStorageEnabled(Z)V
    const/4 v2, 0x0
    invoke-virtual {v1, v2}, Landroid/webkit/WebSettings;->setAllowFileAccess(Z)V
    new-instance v1, Lorg/iptvdc/shell/Client;
    invoke-direct {v1, p0}, Lorg/iptvdc/shell/Client;-><init>(Lorg/iptvdc/shell/Main;)V
    invoke-virtual {v0, v1}, Landroid/webkit/WebView;->setWebViewClient(Landroid/webkit/WebViewClient;)V
    new-instance v1, Lorg/iptvdc/shell/Download;
    invoke-direct {v1, p0}, Lorg/iptvdc/shell/Download;-><init>(Lorg/iptvdc/shell/Main;)V
    invoke-virtual {v0, v1}, Landroid/webkit/WebView;->setDownloadListener(Landroid/webkit/DownloadListener;)V
    # newer systems draw apps under their bars; a frame keeps the page clear of them
    new-instance v1, Landroid/widget/FrameLayout;
    invoke-direct {v1, p0}, Landroid/widget/FrameLayout;-><init>(Landroid/content/Context;)V
    const/4 v2, 0x1
    invoke-virtual {v1, v2}, Landroid/widget/FrameLayout;->setFitsSystemWindows(Z)V
    const-string v2, "theme"
    invoke-virtual {p0, v2}, Lorg/iptvdc/shell/Main;->text(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v2
    invoke-static {v2}, Landroid/graphics/Color;->parseColor(Ljava/lang/String;)I
    move-result v2
    invoke-virtual {v1, v2}, Landroid/widget/FrameLayout;->setBackgroundColor(I)V
    invoke-virtual {v1, v0}, Landroid/widget/FrameLayout;->addView(Landroid/view/View;)V
    invoke-virtual {p0, v1}, Lorg/iptvdc/shell/Main;->setContentView(Landroid/view/View;)V
    const/4 v1, 0x0
    invoke-virtual {p0, v1}, Lorg/iptvdc/shell/Main;->getPreferences(I)Landroid/content/SharedPreferences;
    move-result-object v1
    const-string v2, "address"
    invoke-virtual {p0, v2}, Lorg/iptvdc/shell/Main;->text(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v3
    invoke-interface {v1, v2, v3}, Landroid/content/SharedPreferences;->getString(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;
    move-result-object v1
    iput-object v1, p0, Lorg/iptvdc/shell/Main;->address:Ljava/lang/String;
    invoke-virtual {v1}, Ljava/lang/String;->isEmpty()Z
    move-result v2
    if-nez v2, :ask
    invoke-virtual {v0, v1}, Landroid/webkit/WebView;->loadUrl(Ljava/lang/String;)V
    return-void
    :ask
    const-string v1, "ask"
    invoke-virtual {p0, v1}, Lorg/iptvdc/shell/Main;->ask(Ljava/lang/String;)V
    return-void
.end method

# ask asks for the server's address; which names the text above the field.
.method ask(Ljava/lang/String;)V
    .registers 7
    new-instance v0, Landroid/widget/EditText;
    invoke-direct {v0, p0}, Landroid/widget/EditText;-><init>(Landroid/content/Context;)V
    const/16 v1, 0x11
    invoke-virtual {v0, v1}, Landroid/widget/EditText;->setInputType(I)V
    iget-object v1, p0, Lorg/iptvdc/shell/Main;->address:Ljava/lang/String;
    invoke-virtual {v0, v1}, Landroid/widget/EditText;->setText(Ljava/lang/CharSequence;)V
    new-instance v1, Landroid/app/AlertDialog$Builder;
    invoke-direct {v1, p0}, Landroid/app/AlertDialog$Builder;-><init>(Landroid/content/Context;)V
    invoke-virtual {p0, p1}, Lorg/iptvdc/shell/Main;->text(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v2
    invoke-virtual {v1, v2}, Landroid/app/AlertDialog$Builder;->setMessage(Ljava/lang/CharSequence;)Landroid/app/AlertDialog$Builder;
    invoke-virtual {v1, v0}, Landroid/app/AlertDialog$Builder;->setView(Landroid/view/View;)Landroid/app/AlertDialog$Builder;
    const-string v2, "open"
    invoke-virtual {p0, v2}, Lorg/iptvdc/shell/Main;->text(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v2
    new-instance v3, Lorg/iptvdc/shell/Chosen;
    invoke-direct {v3, p0, v0}, Lorg/iptvdc/shell/Chosen;-><init>(Lorg/iptvdc/shell/Main;Landroid/widget/EditText;)V
    invoke-virtual {v1, v2, v3}, Landroid/app/AlertDialog$Builder;->setPositiveButton(Ljava/lang/CharSequence;Landroid/content/DialogInterface$OnClickListener;)Landroid/app/AlertDialog$Builder;
    invoke-virtual {v1}, Landroid/app/AlertDialog$Builder;->show()Landroid/app/AlertDialog;
    return-void
.end method

# open goes to an address and remembers it. One without a scheme is https.
.method open(Ljava/lang/String;)V
    .registers 5
    invoke-virtual {p1}, Ljava/lang/String;->trim()Ljava/lang/String;
    move-result-object p1
    invoke-virtual {p1}, Ljava/lang/String;->isEmpty()Z
    move-result v0
    if-eqz v0, :some
    const-string v0, "ask"
    invoke-virtual {p0, v0}, Lorg/iptvdc/shell/Main;->ask(Ljava/lang/String;)V
    return-void
    :some
    const-string v0, "://"
    invoke-virtual {p1, v0}, Ljava/lang/String;->contains(Ljava/lang/CharSequence;)Z
    move-result v0
    if-nez v0, :whole
    const-string v0, "https://"
    invoke-virtual {v0, p1}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;
    move-result-object p1
    :whole
    iput-object p1, p0, Lorg/iptvdc/shell/Main;->address:Ljava/lang/String;
    const/4 v0, 0x0
    invoke-virtual {p0, v0}, Lorg/iptvdc/shell/Main;->getPreferences(I)Landroid/content/SharedPreferences;
    move-result-object v0
    invoke-interface {v0}, Landroid/content/SharedPreferences;->edit()Landroid/content/SharedPreferences$Editor;
    move-result-object v0
    const-string v1, "address"
    invoke-interface {v0, v1, p1}, Landroid/content/SharedPreferences$Editor;->putString(Ljava/lang/String;Ljava/lang/String;)Landroid/content/SharedPreferences$Editor;
    move-result-object v0
    invoke-interface {v0}, Landroid/content/SharedPreferences$Editor;->apply()V
    iget-object v0, p0, Lorg/iptvdc/shell/Main;->web:Landroid/webkit/WebView;
    invoke-virtual {v0, p1}, Landroid/webkit/WebView;->loadUrl(Ljava/lang/String;)V
    return-void
.end method

.method public onBackPressed()V
    .registers 3
    iget-object v0, p0, Lorg/iptvdc/shell/Main;->web:Landroid/webkit/WebView;
    invoke-virtual {v0}, Landroid/webkit/WebView;->canGoBack()Z
    move-result v1
    if-eqz v1, :leave
    invoke-virtual {v0}, Landroid/webkit/WebView;->goBack()V
    return-void
    :leave
    invoke-super {p0}, Landroid/app/Activity;->onBackPressed()V
    return-void
.end method
